"""The whole job on simulated hardware: traffic, road, camera, broker and platform around the real daemon."""
