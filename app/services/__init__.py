"""What the product can do: verbs and questions, one module per feature. Services never commit."""
