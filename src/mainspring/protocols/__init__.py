"""What other programs already speak: endpoints at the server's own address, Prometheus."""
