#!/usr/bin/env bash
# A Debian package out of `make install`.
#   config/debian/build.sh VERSION OUT      OUT holds bin/notifier, and bin/collector where it was built; the package goes there
set -eu
version=$1 out=$2
cd "$(dirname "$0")/../.."
here=config/debian

for tool in dpkg-deb dpkg-shlibdeps strip gzip; do
    command -v "$tool" >/dev/null || { echo "deb: $tool is missing: apt-get install dpkg-dev binutils gzip" >&2; exit 1; }
done

root=$out/deb/root
rm -rf "$out/deb"
mkdir -p "$root/DEBIAN"
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH

make --no-print-directory -s install DESTDIR="$root" PREFIX=/usr
mkdir -p "$root/etc/notifier"
install -m 644 "$here/notifier.yaml" "$here/environment" "$root/etc/notifier/"
cp "$here/conffiles" "$root/DEBIAN/conffiles"
programs=("$root/usr/bin/notifier")
if [ -x "$root/usr/bin/collector" ]; then
    programs+=("$root/usr/bin/collector")
    install -m 644 "$here/collector.yaml" "$here/collector-environment" "$root/etc/notifier/"
else
    sed -i '/collector/d' "$root/DEBIAN/conffiles"
fi
strip --strip-unneeded "${programs[@]}"
gzip -9n "$root"/usr/share/man/man1/*.1
install -m 644 "$here/copyright" "$root/usr/share/doc/notifier/copyright"
gzip -9nc CHANGELOG.md >"$root/usr/share/doc/notifier/CHANGELOG.md.gz"
printf 'notifier (%s) unstable; urgency=medium\n\n  * CHANGELOG.md says what is new.\n\n -- notifier <root@localhost>  %s\n' \
    "$version" "$(LC_ALL=C date -R -d "@$SOURCE_DATE_EPOCH")" | gzip -9n >"$root/usr/share/doc/notifier/changelog.gz"
for script in postinst prerm postrm; do
    install -m 755 "$here/$script" "$root/DEBIAN/$script"
done

# dpkg-shlibdeps wants a source package around it.
mkdir -p "$out/deb/source/debian"
printf 'Source: notifier\n\nPackage: notifier\nArchitecture: any\n' >"$out/deb/source/debian/control"
absolute=()
for program in "${programs[@]}"; do
    absolute+=("$(realpath "$program")")
done
depends=$(cd "$out/deb/source" && dpkg-shlibdeps -O "${absolute[@]}" | sed -n 's/^shlibs:Depends=//p')
[ -n "$depends" ]

architecture=$(dpkg --print-architecture)
size=$(du -sk --exclude=DEBIAN "$root" | cut -f1)
sed -e "s|@VERSION@|$version|" -e "s|@ARCH@|$architecture|" -e "s|@SIZE@|$size|" -e "s|@DEPENDS@|$depends|" "$here/control.in" >"$root/DEBIAN/control"
(cd "$root" && find . -type f ! -path './DEBIAN/*' -printf '%P\0' | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
find "$root" -type d -exec chmod 755 {} +
package=$out/notifier_${version}_$architecture.deb
dpkg-deb --root-owner-group --build "$root" "$package" >/dev/null
echo "$package"
