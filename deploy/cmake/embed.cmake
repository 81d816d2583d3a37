# SPDX-License-Identifier: MIT
# cmake -DIN=file -DOUT=file -P embed.cmake: a text file as a C string literal, one line a line.
file(READ ${IN} text)
string(REPLACE "\\" "\\\\" text "${text}")
string(REPLACE "\"" "\\\"" text "${text}")
string(REPLACE "\n" "\\n\"\n\"" text "${text}")
file(WRITE ${OUT} "\"${text}\"\n")
