"""Serve clips as RTSP cameras, with faults on demand."""
