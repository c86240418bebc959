"""The study that needs no download: English pairs, a tokenizer and two small backbones, all made on this machine."""
