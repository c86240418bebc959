"""The page that holds one study against another."""
