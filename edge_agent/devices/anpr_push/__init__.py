"""Cameras that push plate reads over HTTP: who may, what is understood, what is refused."""
