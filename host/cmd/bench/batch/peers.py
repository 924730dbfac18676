"""What a user would write in Python, for `make bench-batch`.

peers.py versions
peers.py score FILE       read answers, write each with the mean probability of its tokens
peers.py eval FILE        AUROC and ECE by DuckDB
peers.py parquet IN OUT   make a Parquet file of a CSV file
peers.py memory N ROUNDS  AUROC and ECE of N pairs in memory by numpy, in seconds of wall and CPU time
"""

import json
import sys
import time

if sys.argv[1] == "score":
    import numpy as np

    for line in open(sys.argv[2]):
        row = json.loads(line)
        logprobs = row["logprobs"]
        if isinstance(logprobs, dict):
            logprobs = [t["logprob"] for t in logprobs["content"]]
        row["confidence"] = float(np.exp(np.mean(logprobs)))
        sys.stdout.write(json.dumps(row) + "\n")

elif sys.argv[1] == "eval":
    import duckdb

    db = duckdb.connect()
    db.execute("create table t as select confidence::double as c, correct::int as y from '%s'" % sys.argv[2])
    ece, = db.execute("""
        select sum(abs(conf - acc)) / (select count(*) from t) from
        (select sum(c) conf, sum(y) acc from t group by greatest(ceil(c * 10), 1))""").fetchone()
    auroc, = db.execute("""
        select (sum(r) filter (where y = 1) - count(*) filter (where y = 1)::double * (count(*) filter (where y = 1) + 1) / 2)
            / (count(*) filter (where y = 1)::double * count(*) filter (where y = 0))
        from (select y, rank() over (order by c) r from t)""").fetchone()
    print(json.dumps({"ece": ece, "auroc": auroc}))

elif sys.argv[1] == "parquet":
    import duckdb

    duckdb.execute("copy (from '%s') to '%s' (format parquet)" % (sys.argv[2], sys.argv[3]))

elif sys.argv[1] == "memory":
    import numpy as np

    n, rounds = int(sys.argv[2]), int(sys.argv[3])
    rng = np.random.default_rng(7)
    conf = rng.random(n)
    correct = rng.random(n) < conf
    for line in range(rounds):
        sys.stdin.readline()  # our turn
        wall, cpu = time.perf_counter(), time.process_time()
        keys = (conf.view(np.uint64) << np.uint64(1)) | correct
        keys.sort()
        right = (keys & np.uint64(1)).astype(np.float64)
        below = np.cumsum(1 - right)
        wrongs = below[-1]
        auroc = (right * below).sum() / (right.sum() * wrongs)
        bins = np.maximum(np.ceil(conf * 10), 1).astype(np.int64)
        ece = np.abs(np.bincount(bins, conf) - np.bincount(bins, correct)).sum() / n
        print(time.perf_counter() - wall, time.process_time() - cpu, auroc, ece, flush=True)

else:
    import duckdb
    import numpy

    print(f"Python {sys.version.split()[0]}, DuckDB {duckdb.__version__}, numpy {numpy.__version__}")
