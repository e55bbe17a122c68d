"""Pictures: from hostile bytes to upright pixels, and squares in them."""
