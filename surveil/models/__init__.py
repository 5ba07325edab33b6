"""Models as their folders describe them, without the libraries that run them."""
