"""The console: a web application that reads what the workers did, and never changes it."""
