"""The model workbench: what is done with models apart from running them in the daemon.

Ultralytics itself (torch, several GB) runs only in a child process of its own; nothing here imports it.
"""
