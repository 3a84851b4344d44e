"""Charts of solutions and studies as Altair objects: returned, never shown."""

from optimizer.report.charts.frontier import frontier_chart
from optimizer.report.charts.market import binding_chart, free_chart, load_chart, market_chart, net_chart
from optimizer.report.charts.months import bridge_chart, figures_chart, menus_chart, months_chart
from optimizer.report.charts.parts import channel_chart, segments_chart, usage_chart
from optimizer.report.charts.response import lever_map_chart, lever_panel, response_chart, response_panel
from optimizer.report.charts.studies import comparison_chart, tornado_chart
from optimizer.report.charts.waterfall import waterfall_chart

__all__ = [
    "binding_chart",
    "bridge_chart",
    "channel_chart",
    "comparison_chart",
    "figures_chart",
    "free_chart",
    "frontier_chart",
    "lever_map_chart",
    "lever_panel",
    "load_chart",
    "market_chart",
    "menus_chart",
    "months_chart",
    "net_chart",
    "response_chart",
    "response_panel",
    "segments_chart",
    "tornado_chart",
    "usage_chart",
    "waterfall_chart",
]
