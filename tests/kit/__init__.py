"""What tests share: servers, daemons, events, models, faces."""
