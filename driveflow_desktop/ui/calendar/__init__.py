"""The calendar widget: takes frozen pages, emits what the person wants; knows neither rules nor database."""
