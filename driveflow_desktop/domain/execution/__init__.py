"""Execution: lessons driven and the trips behind them."""
