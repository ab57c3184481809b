# A pair of machines changes one end at a time, there and back, and carries on incrementally.
source "$(dirname "$(readlink -f "$0")")/common.sh"
source "$(dirname "$(readlink -f "$0")")/simplesnap.sh"
make_volumes

serve_with "$stock"
pull_with "$stock"
expect_all_backed_up
first=$(zfs get -H -o value guid "$store/web1/source/home")

step=0
for pair in "ours ours" "stock stock" "stock ours" "ours stock" "stock stock" "ours stock"; do
  read -r client wrapper <<<"$pair"
  step=$((step + 1))
  change "step$step"
  serve_with "${!wrapper}"
  pull_home "${!client}"
  expect_backed_up
done
expect_same_home
expect "$first" "$(zfs get -H -o value guid "$store/web1/source/home")" "the replica is still the first one"

# Between two ends of ours: a name with a colon, a volume whose parent is not there yet, and then
# the parent, which takes the place of what was made for it.
serve_with "$ours"
zfs create -p source/a:b/deep
pull_with "$ours" --backupdataset source/a:b/deep
pull_with "$ours" --backupdataset source/a:b
expect_backed_up source/a:b/deep source/a:b
