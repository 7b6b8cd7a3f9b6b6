"""Pictures and films that members hand in: what is done to them before they are kept."""
