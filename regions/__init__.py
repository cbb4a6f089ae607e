"""Where, in which words, under whose approval."""
