-- Processes (process is its configured name), the machine (process is host), and its disks (process is disk, with mount).
CREATE TABLE IF NOT EXISTS process_metrics (
    timestamp TIMESTAMP_NS,          -- when we looked, UTC
    process SYMBOL,
    mount SYMBOL,                    -- path of a disk as configured
    host SYMBOL,
    env SYMBOL,
    running BOOLEAN,
    pid_count INT,                   -- processes that match
    cpu_percent FLOAT,               -- a process: of one core, so 250 is possible, the host: of all cores
    iowait_percent FLOAT,            -- host
    memory_bytes LONG,               -- resident, host: in use
    memory_percent FLOAT,            -- of what the machine has
    memory_available_bytes LONG,     -- host
    swap_bytes LONG,
    fds LONG,
    fds_max LONG,                    -- the soft limit
    threads INT,
    restarts INT,                    -- seen by the collector since its own start
    uptime_seconds DOUBLE,
    load1 FLOAT,                     -- host
    load5 FLOAT,
    load15 FLOAT,
    disk_total_bytes LONG,           -- disk
    disk_free_bytes LONG,            -- for programs without privileges
    disk_used_percent FLOAT,
    inodes_used_percent FLOAT
) TIMESTAMP(timestamp) PARTITION BY DAY TTL 90 DAYS WAL
DEDUP UPSERT KEYS(timestamp, process, mount, host, env);
