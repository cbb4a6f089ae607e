"""The demo: facts of a super-app in 36 territories, turned into commands. Illustrative only."""
