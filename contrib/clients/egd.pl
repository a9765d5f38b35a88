#!/usr/bin/perl
# egd.pl PATH N: N random bytes from an EGD socket.
use strict;
use warnings;
use IO::Socket::UNIX;

my ($path, $n) = @ARGV;
my $egd = IO::Socket::UNIX->new($path) or die "$path: $!\n";
$SIG{PIPE} = 'IGNORE';
binmode STDOUT;
while ($n > 0) {
    my $want = $n < 255 ? $n : 255;
    $egd->syswrite(pack 'CC', 2, $want) // die "$path: $!\n";    # 2: wait until there are as many
    my $bytes = '';
    while (length $bytes < $want) {
        $egd->sysread($bytes, $want - length $bytes, length $bytes) or die "$path: closed\n";
    }
    print $bytes;
    $n -= $want;
}
