"""Bringing posts in from a file: reading it safely, finding out what is in it, and adding what is new.

`uploads` is what the doors use; `archives` reads zips, `microblog` the one format there is so far, `rows` says what a
post in a file must be, `findings` sums them up, `posting` writes and takes back.
"""
