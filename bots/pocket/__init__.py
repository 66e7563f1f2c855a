"""A chat platform in a box: Slack's and Discord's wire protocols and a model endpoint on localhost.

The demo, the tests and the benchmarks run the real adapters against it, over real sockets. It knows neither the core
nor the adapters, only what the platforms promise and how they break it.
"""
