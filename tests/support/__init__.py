"""What tests share: databases, servers, browsers."""
