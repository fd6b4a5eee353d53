"""The same job with what one would otherwise pick, side by side. Optional: nothing here is a dependency of Layers."""
