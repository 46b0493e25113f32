"""Records of points and the folder that keeps them."""
