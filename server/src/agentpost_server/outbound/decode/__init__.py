"""Providers' events as `Told`: a module each, `told(payload) -> list[Told]`, of JSON that is decoded already. Pure.

Whatever is in it, it costs time in proportion and raises nothing but a ValueError with a sentence: providers add fields
and kinds as they like, so what is not known is passed over, and what is not as documented is taken as absent.
"""
