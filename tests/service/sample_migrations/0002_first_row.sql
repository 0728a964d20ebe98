INSERT INTO sample (word) VALUES ('semicolons; [brackets] "quotes" \ ${x} @y@');
