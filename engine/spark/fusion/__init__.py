"""Trusted side: one query for many frames. Pure plan rewriting and arithmetic; who runs queries is elsewhere.

All frames of a run ask the same plan of different rows. A plan that is positively known to allow it is
asked once for a whole family of frames, with the columns that tell them apart carried along, and its
answer is split; or, where every aggregate can be merged, once for the finest cells of all families, whose
states are rolled up here. Whatever is not known runs frame by frame: `NotFusable` says why.
"""
