#!/usr/bin/env bash
# Plants a tree with every kind of entry and of metadata that Linux has:
#   rich-tree.sh TREE OUTSIDE HOLE
# The first two have to be there, and be empty: OUTSIDE gets other names of what is in TREE.
# HOLE is the size of a file that has nothing in it.
# What only root may make, or read, is there if root plants it.
set -euo pipefail
umask 022
tree=$1
outside=$2
hole=$3
isRoot=$([ "$(id -u)" = 0 ] && echo yes || echo no)
cd "$tree"

repeated() { (yes "$1" || true) | head -n "$2" | tr -d '\n'; } # WHAT TIMES

# What programs choke on. The content of each is its name.
mkdir names names/cases names/$'a\ndirectory' names/-r
names=(
  $'new\nline' $'tab\t.' $'cr\r.' $'\e[31mred' $'\e]0;title\a' $'\x01\x7f' $'\xe2\x80\xaetxt.exe' $'\xef\xbb\xbf'
  "it's" '"' '""' '\' '\n' '\\' '-' '--' '-rf' '--help' ' ' ' before' 'behind ' '...' '..a' '.hidden'
  '*' '?' '[a-z]' '{a,b}' '$(id)' '`id`' '$HOME' '~' '#' '!' '&' '|' ';' '<' '%s%n' 'a:b' '=' 'NUL' 'lost+found'
  '.varve-partial-0123456789ab-1' '.varve-partial-'
  $'caf\xc3\xa9' $'cafe\xcc\x81' $'caf\xe9' $'\xff\xfe' $'\xed\xa0\x80' $'\xf4\x90\x80\x80' $'\xc0\xaf' $'\xc0\xae\xc0\xae'
  "$(repeated x 255)" "$(repeated $'\xff' 255)" "$(repeated $'\xc3\xa9' 127)"
  cases/readme cases/README cases/Readme cases/$'\xc3\x9f' cases/ss cases/SS cases/$'\xe1\xba\x9e'
  $'a\ndirectory/inside' -r/-f
)
for name in "${names[@]}"; do printf %s "$name" > "names/$name"; done

mkdir files files/empty-directory
: > files/empty
printf x > files/one
head -c 3000000 /dev/urandom > files/large
head -c 200000 /dev/zero > files/zeros

# Several names of one thing, also across directories; some are outside.
mkdir links links/a links/b
echo linked > links/b/first
ln links/b/first links/a/second
ln links/b/first links/third
echo twice > links/a/pair
ln links/a/pair links/b/pair
ln -s nowhere links/b/symlink
ln -P links/b/symlink links/a/symlink
mkfifo links/b/fifo
ln links/b/fifo links/a/fifo
echo shared > "$outside/shared"
ln "$outside/shared" links/shared
echo more > "$outside/more"
ln "$outside/more" links/a/more
ln "$outside/more" links/b/more
truncate -s 5M links/a/sparse
ln links/a/sparse links/b/sparse

mkdir symlinks
ln -s nowhere symlinks/dangling
ln -s /etc/passwd symlinks/absolute
ln -s ../files symlinks/directory
ln -s ../files/ symlinks/slash
ln -s .. symlinks/up
ln -s loop symlinks/loop
ln -s pong symlinks/ping
ln -s ping symlinks/pong
ln -s -- -rf symlinks/dash
ln -s $'new\nline' symlinks/line
ln -s $'caf\xe9' symlinks/bytes
ln -s "$(repeated x/ 2047)" symlinks/long

mkdir special
mkfifo -m 0640 special/fifo
perl -MSocket -e 'chdir "special"; socket(S, PF_UNIX, SOCK_STREAM, 0); bind(S, pack_sockaddr_un("socket")) or die "$!"'

mkdir holes
{ truncate -s 3M holes/before && printf end >> holes/before; }
{ printf begin > holes/behind && truncate -s 3M holes/behind; }
{ printf begin > holes/between && truncate -s 3M holes/between && printf end >> holes/between; }
for at in 1 50 51 99 300; do printf data | dd of=holes/many bs=64K seek=$at conv=notrunc status=none; done
truncate -s "$hole" holes/only

mkdir attributes attributes/directory attributes/default
setfattr -n user.on-directory -v yes attributes/directory
cd attributes
echo x > empty-value && setfattr -n user.empty empty-value
echo x > binary && setfattr -n user.binary -v 0x"$(printf '%02x' {0..255})" binary
echo x > several && for n in {1..20}; do setfattr -n "user.$n" -v "$n" several; done
echo x > long-name && setfattr -n "user.$(repeated n 250)" -v long long-name
echo x > odd-name && setfattr -n $'user.new\nline=\e[1m' -v odd odd-name
# Not every file system takes it.
echo x > large && { setfattr -n user.large -v 0x"$(repeated ab 60000)" large 2> /dev/null || true; }
echo x > acl && setfacl -m u:1:r,g:2:rw,m::r acl
echo x > no-mask && setfacl -m u:3:rwx no-mask && chmod 0600 no-mask
setfacl -m u:4:rx,d:u:5:rwx,d:g:6:r default
echo x > default/inherits
mkdir default/inherits-too
mkdir setgid && chmod 2770 setgid && setfacl -m d:g::rwx setgid
cd ..

mkdir modes
for mode in 0400 0444 0500 0600 0666 0755 0777 1644 1777 2644 2755 4755 6711 7777; do
  echo $mode > modes/file-$mode
  chmod $mode modes/file-$mode
done
for mode in 0500 0555 0700 0711 0777 1777 2755 4755 7777; do
  mkdir modes/directory-$mode
  echo inside > modes/directory-$mode/inside
  chmod $mode modes/directory-$mode
done
mkfifo modes/fifo && chmod 7666 modes/fifo

mkdir times
while read -r name time; do
  : > "times/file-$name"
  ln -s "$name" "times/link-$name"
  mkdir "times/directory-$name"
  touch -h -d "$time" times/{file,link,directory}-"$name"
done << 'END'
first   1901-12-13 20:45:52.000000000 UTC
1960    1960-02-29 12:00:00.123456789 UTC
before  1969-12-31 23:59:59.999999999 UTC
zero    1970-01-01 00:00:00.000000000 UTC
behind  1970-01-01 00:00:00.000000001 UTC
digits  2001-09-09 01:46:40.987654321 UTC
2038    2038-01-19 03:14:08.000000999 UTC
2100    2100-12-31 23:59:59.999999999 UTC
last    2446-05-10 22:38:55.999999999 UTC
END
mkfifo times/fifo && touch -d '1960-01-01 00:00:00.000000007 UTC' times/fifo

# Deeper than a path may be long.
mkdir deep
(
  cd deep
  name=$(repeated d 200)
  for _ in {1..22}; do mkdir "$name" && cd -P "$name"; done
  echo deep > file
  ln -s file link
  touch -h -d '1999-12-31 23:59:59.000000001 UTC' link
)

if [ $isRoot = yes ]; then
  mkdir owners devices capabilities shut
  for owner in 0:0 1:2 12345:54321 65534:65534 4294967294:4294967294; do
    echo $owner > owners/file-$owner
    mkdir owners/directory-$owner
    ln -s $owner owners/link-$owner
    chown -h $owner owners/{file,directory,link}-$owner
  done
  echo x > owners/setuid && chown 1:2 owners/setuid && chmod 6755 owners/setuid
  ln owners/setuid owners/setuid-too
  mknod devices/null c 1 3
  mknod devices/whiteout c 0 0
  mknod -m 0 devices/big c 4095 1048575
  mknod devices/block b 259 65536
  chown 1:2 devices/block && chmod 6660 devices/block
  ln devices/big devices/big-too
  echo x > capabilities/one && setcap cap_net_raw+ep capabilities/one
  echo x > capabilities/owned && chown 1:2 capabilities/owned && setcap cap_chown=i capabilities/owned
  setfattr -n trusted.of-file -v secret capabilities/one
  ln -s x capabilities/link && setfattr -h -n trusted.of-link -v secret capabilities/link
  for mode in 0000 0001 0010 0100 0200; do
    echo $mode > modes/file-$mode
    chmod $mode modes/file-$mode
  done
  for mode in 0000 0100 0200 0300 0400; do
    mkdir shut/$mode
    echo inside > shut/$mode/inside
    chmod $mode shut/$mode
  done
fi

setfattr -n user.root -v yes .
chmod 0751 .
touch -d '1980-01-01 00:00:00.000000042 UTC' .
