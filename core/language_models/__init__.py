"""Language models behind the `LanguageModel` port: an endpoint asked through huggingface_hub, and a scripted twin."""
