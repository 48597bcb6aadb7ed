# make install      DESTDIR= PREFIX=/usr/local: both programs, manual pages, completion for bash, zsh and fish, example configuration, systemd units

.PHONY: install
install: all
	install -D -m 755 $(OUT)/bin/notifier $(DESTDIR)$(PREFIX)/bin/notifier
	install -D -m 755 $(OUT)/bin/collector $(DESTDIR)$(PREFIX)/bin/collector
	mkdir -p $(DESTDIR)$(PREFIX)/share/man/man1
	$(OUT)/bin/notifier help --man > $(DESTDIR)$(PREFIX)/share/man/man1/notifier.1
	install -D -m 644 man/collector.1 $(DESTDIR)$(PREFIX)/share/man/man1/collector.1
	mkdir -p $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	$(OUT)/bin/notifier help --bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/notifier
	mkdir -p $(DESTDIR)$(PREFIX)/share/zsh/vendor-completions $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	$(OUT)/bin/notifier help --zsh > $(DESTDIR)$(PREFIX)/share/zsh/vendor-completions/_notifier
	$(OUT)/bin/notifier help --fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/notifier.fish
	$(OUT)/bin/collector help --bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/collector
	$(OUT)/bin/collector help --zsh > $(DESTDIR)$(PREFIX)/share/zsh/vendor-completions/_collector
	$(OUT)/bin/collector help --fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/collector.fish
	install -D -m 644 config/notifier.yaml $(DESTDIR)$(PREFIX)/share/doc/notifier/notifier.yaml
	install -D -m 644 config/collector.yaml $(DESTDIR)$(PREFIX)/share/doc/notifier/collector.yaml
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/notifier/examples config/examples/*.yaml
	install -D -m 644 config/notifier.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/notifier.conf
	mkdir -p $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's,/usr/local/bin/,$(PREFIX)/bin/,' config/notifier.service > $(DESTDIR)$(PREFIX)/lib/systemd/system/notifier.service
	sed 's,/usr/local/bin/,$(PREFIX)/bin/,' config/collector.service > $(DESTDIR)$(PREFIX)/lib/systemd/system/collector.service
	install -D -m 644 config/notifier.socket $(DESTDIR)$(PREFIX)/lib/systemd/system/notifier.socket

# make deb          a Debian package of both, in build/
.PHONY: deb
deb: all
	@config/debian/build.sh $(VERSION) $(OUT)

# make docs         writes the pages that come from the code's own tables
.PHONY: docs
docs: all
	@mkdir -p docs/reference man
	$(OUT)/bin/notifier help --reference > docs/reference/configuration.md
	$(OUT)/bin/notifier help --man > man/notifier.1
	@mkdir -p man/completion
	$(OUT)/bin/notifier help --bash > man/completion/notifier.bash
	$(OUT)/bin/notifier help --zsh > man/completion/_notifier
	$(OUT)/bin/notifier help --fish > man/completion/notifier.fish
	$(OUT)/bin/collector help --bash > man/completion/collector.bash
	$(OUT)/bin/collector help --zsh > man/completion/_collector
	$(OUT)/bin/collector help --fish > man/completion/collector.fish

# make check-images both images built by buildah and run by runc as the Compose file says (as root; IMAGES_ROOT: a Debian 12 that
#                   debootstrap made before), at most half an hour
IMAGES_ROOT ?=
.PHONY: check-images
check-images:
	@PYTHONDONTWRITEBYTECODE=1 timeout --kill-after=20 1800 /usr/bin/python3 tests/images/check.py $(if $(IMAGES_ROOT),--root $(IMAGES_ROOT))

# make check-deb    the package on a clean Debian 12 that debootstrap makes, then under its own systemd (as root; DEB_ROOT: one made
#                   before), two minutes, at most ten
.PHONY: check-deb
check-deb: deb
	@timeout --kill-after=20 600 tests/deb/chroot.sh $(OUT)/notifier_$(VERSION)_$$(dpkg --print-architecture).deb $(DEB_ROOT)
