"""The planning horizon: exact paths of customers under paths of menus, and the best path, proven."""
