# notifier, built on Debian 12 and run without a compiler, as a user without rights.
#   docker build -f compose/notifier.Dockerfile -t notifier .        from the tree's top
FROM debian:12.11-slim AS build
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        gcc libc6-dev make pkg-config libmicrohttpd-dev libcurl4-openssl-dev libcjson-dev libesmtp-dev libsqlite3-dev \
        libyaml-dev libpcre2-dev libssl-dev libsystemd-dev libcrypt-dev zlib1g-dev
WORKDIR /src
COPY . .
RUN make -j"$(nproc)" build/bin/notifier

FROM debian:12.11-slim
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        ca-certificates tzdata libmicrohttpd12 libcurl4 libcjson1 libesmtp6 libsqlite3-0 libyaml-0-2 libpcre2-8-0 \
        libssl3 libsystemd0 libcrypt1 zlib1g \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* \
    && groupadd --system --gid 10002 notifier \
    && useradd --system --uid 10002 --gid 10002 --no-create-home --shell /usr/sbin/nologin notifier \
    && install -d -o notifier -g notifier -m 0750 /var/lib/notifier
COPY --from=build /src/build/bin/notifier /usr/local/bin/notifier
USER 10002:10002
VOLUME /var/lib/notifier
EXPOSE 8686
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8686 && printf 'GET /-/ready HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3 && read -r line <&3 && [[ $line == *' 200 '* ]]"]
ENTRYPOINT ["notifier"]
CMD ["serve", "--config", "/etc/notifier/notifier.yaml"]
