# collector, built on Debian 12 and run without a compiler, as a user without rights.
#   docker build -f compose/collector.Dockerfile -t collector .        from the tree's top
FROM debian:12.11-slim AS build
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        gcc libc6-dev make pkg-config libmicrohttpd-dev libcurl4-openssl-dev libcjson-dev libesmtp-dev libsqlite3-dev \
        libyaml-dev libpcre2-dev libssl-dev libsystemd-dev libcrypt-dev zlib1g-dev
WORKDIR /src
COPY . .
RUN make -j"$(nproc)" build/bin/collector

FROM debian:12.11-slim
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        ca-certificates tzdata libmicrohttpd12 libcurl4 libcjson1 libsqlite3-0 libyaml-0-2 libpcre2-8-0 \
        libssl3 libsystemd0 libcrypt1 zlib1g \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* \
    && groupadd --system --gid 10003 collector \
    && useradd --system --uid 10003 --gid 10003 --no-create-home --shell /usr/sbin/nologin collector \
    && install -d -o collector -g collector -m 0750 /var/lib/collector
COPY --from=build /src/build/bin/collector /usr/local/bin/collector
USER 10003:10003
VOLUME /var/lib/collector
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /ping HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3 && read -r line <&3 && [[ $line == *' 20'* ]]"]
ENTRYPOINT ["collector"]
# `docker compose exec collector collector spool status` finds it too.
ENV COLLECTOR_CONFIG=/etc/collector/collector.yaml
CMD ["serve"]
