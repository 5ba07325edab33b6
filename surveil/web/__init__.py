"""The dashboard and its API: a read side, with access by role and camera.

Requests are answered from SQL and from the daemon's status; no page keeps state here. Every read
goes through the viewer's :class:`~surveil.store.scope.Scope`: routes take ``Reads``
(:mod:`surveil.web.wiring`), which brings a connection and the scope together.
"""
