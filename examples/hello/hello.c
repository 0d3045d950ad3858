/* The smallest program that needs a C library at run time: it goes on top of the image `cc`. */
#include <stdio.h>

int main(void) {
  puts("Hello. How I was built can be proved.");
  return 0;
}
