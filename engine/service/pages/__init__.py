"""The pages of the service: what people look at in a browser, behind a sign-in with a key.

They are made on the server, by templates that escape whatever they are given: names, codes, prints, errors
and values of segments are other people's texts. One script makes them handier, and none of them needs it to
be read. No page holds a script of its own, and each forbids what it does not need (`render.HEADERS`).
"""
