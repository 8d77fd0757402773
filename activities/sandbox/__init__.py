"""The sandbox in which programs look at strangers' media; what it is made of is in the modules."""
