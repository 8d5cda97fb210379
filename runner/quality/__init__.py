"""How far a scenario's tests can be trusted: do they notice a reference fix that is slightly wrong?"""
