"""Where rows and models come from: sources, and the Hugging Face hub with its cache."""
