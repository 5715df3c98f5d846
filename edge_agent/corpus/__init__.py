"""A folder of recordings through the core: on processes or a cluster, resumable, against what was blessed.

    find ─> jobs, longest first ─> pool | cluster ─> work: replay of one recording ─> run folder ─> summary
                                                          goldens: is it as it was blessed? ─┤
                                                   regression: what differs between two runs ─┘

Whoever works sends back values; only the process that was started writes, so that a recording has exactly one
result whatever dies on the way.
"""
