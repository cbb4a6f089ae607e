"""PURE rules of languages and places, with the section of the standard they come from."""
