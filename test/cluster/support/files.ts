/** Shell scripts that fill /data with files. */

/** Every kind of file that a copy has to keep. */
export const manyKinds = String.raw`
cd /data
mkdir -p plain deep/er/and/deeper empty/inside
for i in $(seq 40); do head -c $((i * 700)) /dev/urandom >plain/$i; done
echo spaces >'plain/a name with  spaces '
echo newline >$'plain/two\nlines'
echo hash >'#starts with a hash'
echo dash >./-starts-with-a-dash
echo bytes >$'plain/not UTF-8 \xff\xfe'
echo backslash >'plain/back\#101slash'
: >empty-file
ln -s plain/1 link
ln -s /nowhere/at/all absolute
ln -s ../../../outside deep/up
ln plain/1 deep/hard
ln plain/1 deep/er/harder
mkfifo fifo
mknod character c 1 3
mknod block b 7 5
truncate -s 24M sparse; printf end >>sparse
chown 1234:5678 plain/2; chown -h 4321:8765 link; chown 65534:0 deep/er
chmod 4755 plain/3; chmod 2711 deep; chmod 1777 empty; chmod 000 plain/4
setfattr -n user.comment -v 'kept' plain/5; setfattr -n user.folder -v yes deep/er
setfattr -n user.rsync.%stat -v '100644 0,0 12:34' plain/10; setfattr -n user.rsync.%stat -v '40755 0,0 12:34' empty
setfacl -m u:1111:rw-,g:2222:r-- plain/6; setfacl -d -m u:3333:rwx deep/er/and
cp /bin/true capable; setcap cap_net_raw+ep capable
touch -d '2001-02-03 04:05:06.123456789' plain/7; touch -h -d '1999-12-31 23:59:59.987654321' link
touch -d '2010-10-10 10:10:10.101010101' empty/inside
touch -d '1969-12-31 00:00:00' plain/8; touch -d '2106-02-07 12:00:00' plain/9
chmod 0751 .; chown 77:88 .; touch -d '2005-05-05 05:05:05.555555555' .
`;

/** A few hundred small files and one of so many MiB. */
export const someFiles = (mebibytes: number): string => `
cd /data
mkdir -p small
for i in $(seq 200); do echo "file $i" >small/$i; done
head -c ${mebibytes}M /dev/urandom >big
`;

/** A folder of a program beside other things, with files that are left out by name, and a link to it. */
export const programFolder = `
cd /data
mkdir -p app/data/cache; seq 50 | sed 's/^/app-/' | (cd app/data; xargs touch)
touch app/data/x.log app/data/important.log app/data/cache/y outside; ln -s app/data current
`;
