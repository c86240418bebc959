"""Planning: what a method will take of a GPU, from the model's sizes alone, before anything runs.

The arithmetic is in `memory`; `counting` feeds it exact numbers of weights from a model without memory, `refusing`
rough ones from config.json without importing torch.
"""
