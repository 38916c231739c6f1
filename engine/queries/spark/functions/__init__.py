"""Functions that the author wrote: the rows that they see, asked for, and what workers make of them."""
