#!/usr/bin/env bash
# Takes the pictures of components and pages anew, against what was built last. Review what changed before you commit it.
source "$(dirname "$0")/lib.sh"
command -v pngquant >/dev/null || apt_install pngquant

"$ROOT/.make/journeys.sh" looks.spec --project desktop --update-snapshots
# A quarter of the size, and no difference that a comparison sees.
mapfile -t changed < <(git ls-files --modified --others --exclude-standard -- 'end2end/looks/*.png')
((${#changed[@]} == 0)) || step "Smaller files" pngquant --force --skip-if-larger --strip --ext .png 64 -- "${changed[@]}"
du -sh end2end/looks
