"""What messages say of quantities that they could not read, with all units that they could have."""

SIZE = (
    "expected a size such as 996MiB (B, kB, MB, GB, TB, KiB, MiB, GiB, TiB; K, M, G, T for KiB "
    "...; k, m, g, kb, mb, gb as in redis.conf)"
)
DURATION = "expected a duration such as 250us (ns, us, ms, s, min or m, h, d)"
RATE = "expected a rate above zero such as 80k/s (/s, k/s, M/s, rps, qps, req/s, ops/s)"
SHARE = "expected a share from 0 to 1 such as 1/11, 0.09 or 9%"
