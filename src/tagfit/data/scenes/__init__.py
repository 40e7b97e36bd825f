"""The generated set: small painted scenes with known labels."""
