"""The soak: a whole site under load while one thing after another is killed, and then a count of what became of it all.

`members` and `browsers` are processes of their own that know the site by HTTP alone; the rest is the conductor's.
"""
